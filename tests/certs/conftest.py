from certificates import certs_site  # noqa: F401 - a fixture
