"""What every seller needs: totals with discounts and taxes, shipping, addresses, invoices on paper, and the product files of other shops."""
