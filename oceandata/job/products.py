"""placeholder"""


def make_product(*a): ...
