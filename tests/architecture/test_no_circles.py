"""No file imports itself by way of others, type-only imports included, and no room of `experiments` does."""

import grimp
import pytest

pytestmark = pytest.mark.one_backend

ROOMS = ["multiloss.experiments"]


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("multiloss", exclude_type_checking_imports=False, cache_dir=None)


def circle(imports):
    """One circle among `{name: names that it imports}`, as a list that ends where it begins; None without one."""
    left = {name: set(others) & imports.keys() for name, others in imports.items()}
    while free := {name for name, others in left.items() if not others}:
        left = {name: others - free for name, others in left.items() if name not in free}
    if not left:
        return None
    # Every name that is left imports another that is: following them comes round.
    path = [min(left)]
    while path[-1] not in path[:-1]:
        path.append(min(left[path[-1]]))
    return path[path.index(path[-1]) :]


def test_no_circle_among_files(graph):
    found = circle({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
    assert found is None, " -> ".join(found)


@pytest.mark.parametrize("house", ROOMS)
def test_no_circle_among_rooms(graph, house):
    def room(name):
        return name.removeprefix(house + ".").split(".")[0]

    imports = {room(child): set() for child in graph.find_children(house)}
    for name in graph.find_descendants(house):
        others = graph.find_modules_directly_imported_by(name)
        imports[room(name)] |= {room(other) for other in others if other.startswith(house + ".")} - {room(name)}
    found = circle(imports)
    assert found is None, " -> ".join(found)


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None
