"""Mail out (RFC 5321), and the reports of what came back (RFC 3464). The only folder that knows
aiosmtplib."""

from component.methods.mail.method import METHOD

__all__ = ["METHOD"]
