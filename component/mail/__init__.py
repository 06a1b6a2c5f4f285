"""Mail out (RFC 5321), and what comes back of it (RFC 3464). The only folder that knows aiosmtplib and aiosmtpd."""
