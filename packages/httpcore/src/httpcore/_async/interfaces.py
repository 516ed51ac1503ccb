"""Where 1.0 kept the interfaces; see `httpcore_models`."""

from httpcore_models import AsyncConnectionInterface as AsyncConnectionInterface
from httpcore_models import AsyncRequestInterface as AsyncRequestInterface
