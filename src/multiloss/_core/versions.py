"""The versions of installed packages, for results that a person wants to make again."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def package_version(package: str) -> str | None:
    """The installed version; None where the package is not installed."""
    # TensorFlow and Keras come in packages of several names.
    for name in (package, f"{package}-cpu", f"{package}-nightly"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None
