"""Who a visitor is, where a feature needs to know: proved by a link sent by e-mail, or by somebody else's sign-in (OpenID Connect). No accounts of our own."""
