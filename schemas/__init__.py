"""marshmallow schemas of requests, responses and manifests."""
