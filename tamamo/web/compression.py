"""Pages are sent compressed, streams as they are."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class Compression(GZipMiddleware):
    """Django's compression, but for streams.

    It makes each piece of an asynchronous stream a gzip file of its own; browsers read the first
    one only, and save a file that ends after its header.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress an answer that is whole."""
        if response.streaming:
            return response
        whole: HttpResponseBase = super().process_response(request, response)
        return whole
