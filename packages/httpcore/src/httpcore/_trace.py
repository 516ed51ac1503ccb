"""Where 1.0 kept tracing; see `httpcore_models`."""

from httpcore_models import AsyncTracer as AsyncTracer
from httpcore_models import Tracer as Tracer
