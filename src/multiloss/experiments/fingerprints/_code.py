"""Functions and classes by what they do: bytecode, constants, what they caught, and what they name."""

from __future__ import annotations

import dis
import importlib
import importlib.util
import inspect
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ._node import Node, Unreadable, key_of
from ._origin import address, is_library, library_name, module_name, module_words

_GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
# What Python itself writes into a class, which says nothing of what the class does.
_OF_PYTHON = {
    *("__module__", "__qualname__", "__dict__", "__weakref__", "__doc__", "__firstlineno__", "__static_attributes__"),
    *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__abstractmethods__"),
    *("_abc_impl", "__slotnames__", "__parameters__", "__orig_bases__", "__match_args__", "__signature__"),
}
_OF_FUNCTIONS = ("__wrapped__", "__signature__")


def describe_code(value: Any) -> Node | None:
    """A function, method, class, property or module; None for anything else."""
    if isinstance(value, CodeType):
        return _of_bytecode(value)
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, MethodType):
        return Node("method", (("function", value.__func__), ("object", value.__self__)))
    if isinstance(value, type):
        return _of_class(value)
    if isinstance(value, staticmethod | classmethod):
        return Node(type(value).__name__, (("function", value.__func__),))
    if isinstance(value, property):
        return Node("property", (("get", value.fget), ("set", value.fset), ("delete", value.fdel)))
    if isinstance(value, ModuleType):
        return _of_module(value)
    # Compiled or cached functions stand for those that were written.
    inner = getattr(value, "__wrapped__", None) or getattr(value, "python_function", None)
    if callable(value) and callable(inner) and is_library(type(value).__module__):
        return Node("wrapped", (("class", type(value)), ("function", inner)))
    if _is_compiled(value):
        return _of_compiled(value)
    if callable(value) and is_library(getattr(value, "__module__", None)) and address(value) is not None:
        return Node("of a library", (("name", library_name(value)),))
    return None


def _is_compiled(value: Any) -> bool:
    """Whether this is a routine without bytecode, or a descriptor of a class that is compiled."""
    if isinstance(value, BuiltinFunctionType) or inspect.isgetsetdescriptor(value) or inspect.ismemberdescriptor(value):
        return True
    return inspect.isroutine(value) and isinstance(getattr(value, "__name__", None), str)


def _of_compiled(value: Any) -> Node:
    owner, module = getattr(value, "__self__", None), getattr(value, "__module__", None)
    if isinstance(module, str) and not is_library(module):
        raise Unreadable("is compiled and of no installed library")
    of_class = getattr(getattr(value, "__objclass__", None), "__qualname__", "")
    return Node(
        "compiled",
        (("name", library_name(value)), ("of", of_class), ("object", None if isinstance(owner, ModuleType) else owner)),
    )


def _of_function(function: FunctionType) -> Node:
    if is_library(function.__module__) and address(function) is not None:
        return Node("of a library", (("name", library_name(function)),))
    cells = tuple((name, _content(cell)) for name, cell in _cells(function))
    if is_library(function.__globals__.get("__name__")):
        # What a library's decorator has made holds what it decorates.
        wrapped = function.__dict__.get("__wrapped__")
        return Node("made by a library", (("name", library_name(function)), *cells, ("wrapped", wrapped)))
    return Node(
        "function",
        (
            ("name", key_of(function.__name__)),
            ("code", function.__code__),
            ("defaults", function.__defaults__),
            ("defaults", function.__kwdefaults__),
            *cells,
            ("wrapped", function.__dict__.get("__wrapped__")),
            ("attributes", {key: entry for key, entry in function.__dict__.items() if key not in _OF_FUNCTIONS}),
            *_named(function.__code__, function.__globals__),
        ),
    )


def _of_bytecode(code: CodeType) -> Node:
    arguments = code.co_argcount + code.co_kwonlyargcount
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return Node(
        "code",
        (
            ("instructions", code.co_code),
            ("arguments", counts),
            ("arguments", code.co_varnames[:arguments]),
            ("names", code.co_names),
            ("constants", code.co_consts),
            ("exceptions", code.co_exceptiontable),
        ),
    )


def _of_class(cls: type) -> Node:
    if is_library(cls.__module__) or not isinstance(cls.__module__, str):
        return Node("class of a library", (("name", library_name(cls)),))
    parts = {key: entry for key, entry in vars(cls).items() if key not in _OF_PYTHON}
    slots = sorted(key for key, entry in parts.items() if inspect.ismemberdescriptor(entry))
    return Node(
        "class",
        (
            ("name", key_of(cls.__name__)),
            ("bases", cls.__bases__),
            ("metaclass", type(cls)),
            ("slots", slots),
            *((key, [key_of(key), entry]) for key, entry in sorted(parts.items()) if key not in slots),
        ),
    )


def _of_module(module: ModuleType) -> Node:
    """A module that is handed on as a whole; where its attributes are read, these alone count."""
    if is_library(module.__name__):
        return Node("module", (("name", module_words(module)),))
    public = {key: entry for key, entry in vars(module).items() if not key.startswith("__")}
    return Node("module", (("name", module_name(module.__name__)), ("content", public)))


def _cells(function: FunctionType) -> Iterator[tuple[str, Any]]:
    return zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)


def _content(cell: Any) -> Any:
    try:
        return [cell.cell_contents]
    except ValueError:  # filled later
        return []


def _named(code: CodeType, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The global values that code reads, in the order of the code, and those of the code within it."""
    seen = set()
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions):
        name = instruction.argval
        if instruction.opname in _GLOBALS and name in scope:
            chain, found = _follow(scope[name], [str(name)], instructions[place + 1 :])
        elif instruction.opname == "IMPORT_NAME":
            chain, found = [str(name)], _imported(name, instructions[:place], scope, code)
        else:
            continue
        word = ".".join(chain)
        if word not in seen:
            seen.add(word)
            yield word, found
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant, scope)


def _follow(value: Any, chain: list[str], instructions: list[dis.Instruction]) -> tuple[list[str], Any]:
    """Through the attributes of modules to what is read of them."""
    for instruction in instructions:
        if instruction.opname == "CACHE":
            continue
        if not isinstance(value, ModuleType) or instruction.opname not in _ATTRIBUTES:
            break
        if is_library(value.__name__) or not hasattr(value, instruction.argval):
            break
        chain, value = [*chain, instruction.argval], getattr(value, instruction.argval)
    return chain, value


def _imported(name: str, before: list[dis.Instruction], scope: Mapping[str, Any], code: CodeType) -> Any:
    """What code takes from a module of the user's that it imports itself: every attribute whose name stands in it."""
    level = next((each.argval for each in before[-2:] if isinstance(each.argval, int)), 0)
    absolute = importlib.util.resolve_name("." * level + name, scope.get("__package__")) if level else name
    if is_library(absolute):
        return absolute
    try:
        module = importlib.import_module(absolute)
    except ModuleNotFoundError:
        return [absolute, "not there"]
    except Exception as error:
        raise Unreadable(f"imports {absolute!r}, which fails: {type(error).__name__}: {error}") from error
    return [absolute, {key: getattr(module, key) for key in sorted(set(code.co_names)) if hasattr(module, key)}]
