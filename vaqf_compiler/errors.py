"""The exception for what a user can put right, and the search for a model's weights."""


class UserError(Exception):
    """Bad input: a sentence that says what is wrong, where, and what to do about it."""
