"""Plumbing: what other packages need to build connections and pools out of `httpcore_models`.

Programs that send requests need nothing from here, nor do network backends of your own.
"""

from ._arguments import enforce_port as enforce_port
from ._arguments import enforce_ssl_context as enforce_ssl_context
from ._arguments import ssl_context_of as ssl_context_of
from ._async.tracing import AsyncTracer as AsyncTracer
from ._async.tracing import async_get_tracer as async_get_tracer
from ._attribute_alias import AttributeAlias as AttributeAlias
from ._buffers import as_bytes as as_bytes
from ._closing import AsyncCloseOnExit as AsyncCloseOnExit
from ._closing import CloseOnExit as CloseOnExit
from ._closing import async_close_all as async_close_all
from ._closing import async_close_unopened as async_close_unopened
from ._closing import close_all as close_all
from ._closing import close_unopened as close_unopened
from ._connection_info import connection_info_of as connection_info_of
from ._connection_info import next_connection_id as next_connection_id
from ._expecting import CONTINUE_TIMEOUT as CONTINUE_TIMEOUT
from ._expecting import expects_continue as expects_continue
from ._expecting import is_continue_expectation as is_continue_expectation
from ._expecting import without_expectation as without_expectation
from ._extensions import Observer as Observer
from ._headers import enforce_headers as enforce_headers
from ._headers import include_request_headers as include_request_headers
from ._legacy_body import LegacyBody as LegacyBody
from ._observing import OBSERVER as OBSERVER
from ._observing import ObservedPhase as ObservedPhase
from ._observing import observe as observe
from ._observing import observed_ssl_context as observed_ssl_context
from ._observing import observer_of as observer_of
from ._observing import size_of_fields as size_of_fields
from ._optional_methods import optional_method as optional_method
from ._optional_packages import require as require
from ._response import received_response as received_response
from ._retrying import Retryable as Retryable
from ._retrying import has_replayable_body as has_replayable_body
from ._retrying import is_refused as is_refused
from ._retrying import is_shut_down as is_shut_down
from ._retrying import mark_retryable as mark_retryable
from ._retrying import may_retry as may_retry
from ._retrying import may_retry_method as may_retry_method
from ._retrying import retryable_after as retryable_after
from ._sync.tracing import Tracer as Tracer
from ._sync.tracing import get_tracer as get_tracer
from ._total_limit import RequestLimits as RequestLimits
from ._total_limit import begin_limits as begin_limits
from ._total_limit import begin_request as begin_request
from ._trace import redacted as redacted
from ._unclosed import warn_unclosed as warn_unclosed
from ._url import bracketed as bracketed
from ._url import cached_origin as cached_origin
from ._url import enforce_bytes as enforce_bytes
from ._url import enforce_url as enforce_url
from ._url import is_origin_of as is_origin_of
from ._url import without_zone as without_zone
