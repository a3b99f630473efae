"""A streaming HTML rewriter without I/O: bytes in, bytes out, byte-exact outside its edits."""

from consentkit.rewriter.handler import Handler as Handler
from consentkit.rewriter.handler import Splice as Splice
from consentkit.rewriter.handler import Table as Table
from consentkit.rewriter.handler import Where as Where
from consentkit.rewriter.memory import Memory as Memory
from consentkit.rewriter.rewriter import MAX_READINGS as MAX_READINGS
from consentkit.rewriter.rewriter import Rewriter as Rewriter
from consentkit.rewriter.tags import Attribute as Attribute
from consentkit.rewriter.tags import attributes as attributes
from consentkit.rewriter.tags import decode as decode
