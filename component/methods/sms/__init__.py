"""SMS: how many parts a text takes, what they may cost, and the providers that send them."""

from component.methods.sms.method import METHOD

__all__ = ["METHOD"]
