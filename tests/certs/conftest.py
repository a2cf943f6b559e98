from certificates import certs_site  # noqa: F401 - a fixture
from packing import tmpfs  # noqa: F401 - a fixture
