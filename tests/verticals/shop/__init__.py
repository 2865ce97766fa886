"""The shop: money, stock, carts, orders, payments, and its pages."""
