"""L0: the interfaces, the registry, linear algebra, checks; knows nothing of the rest."""
