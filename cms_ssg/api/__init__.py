"""The API process: what cannot be static, on the same store. It never renders a page of the site nor touches the target."""
