"""What is changed about a request on its way: names resolved, defaults put in, a model's limits respected."""

__all__: list[str] = []
