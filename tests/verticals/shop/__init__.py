"""The shop: stock, money, orders, and people who buy."""
