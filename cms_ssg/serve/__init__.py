"""The local server of ``cms serve`` and the builds at every save of ``cms watch``."""
