"""Plumbing: what connections that carry many messages at a time, HTTP/2 and HTTP/3, have in common.

Programs that send requests need nothing from here.
"""

from ._multiplexing import AsyncLimitedStreamExchange as AsyncLimitedStreamExchange
from ._multiplexing import AsyncMessageBody as AsyncMessageBody
from ._multiplexing import AsyncMessageExchange as AsyncMessageExchange
from ._multiplexing import AsyncMultiplexedConnection as AsyncMultiplexedConnection
from ._multiplexing import AsyncSharedConnection as AsyncSharedConnection
from ._multiplexing import AsyncStreamExchange as AsyncStreamExchange
from ._multiplexing import LimitedStreamExchange as LimitedStreamExchange
from ._multiplexing import MessageBody as MessageBody
from ._multiplexing import MessageExchange as MessageExchange
from ._multiplexing import MultiplexedConnection as MultiplexedConnection
from ._multiplexing import SharedConnection as SharedConnection
from ._multiplexing import StreamExchange as StreamExchange
from ._multiplexing.capacity import CapacityReporter as CapacityReporter
from ._multiplexing.engine import CLOSED_HERE as CLOSED_HERE
from ._multiplexing.engine import MessageEngine as MessageEngine
from ._multiplexing.events import END_OF_STREAM as END_OF_STREAM
from ._multiplexing.events import NEED_DATA as NEED_DATA
from ._multiplexing.events import Event as Event
from ._multiplexing.events import Failure as Failure
from ._multiplexing.events import InformationalResponse as InformationalResponse
from ._multiplexing.events import ResponseHead as ResponseHead
from ._multiplexing.events import Signal as Signal
from ._multiplexing.events import Trailers as Trailers
from ._multiplexing.message_stream import MessageStream as MessageStream
from ._multiplexing.states import CLOSED as CLOSED
from ._multiplexing.states import IDLE as IDLE
from ._multiplexing.states import TRANSITIONS as TRANSITIONS
from ._multiplexing.states import USABLE as USABLE
from ._multiplexing.states import Input as Input
from ._multiplexing.states import InvalidTransition as InvalidTransition
from ._multiplexing.states import State as State
from ._multiplexing.translate import FieldSection as FieldSection
from ._multiplexing.translate import Headers as Headers
from ._multiplexing.translate import RequestHead as RequestHead
from ._multiplexing.translate import RequestTranslator as RequestTranslator
from ._multiplexing.translate import SectionTranslator as SectionTranslator
