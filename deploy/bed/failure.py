"""The one exception of the test bed: a message for the person who ran it."""


class Failure(Exception):
    pass
