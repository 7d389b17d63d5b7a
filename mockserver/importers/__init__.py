"""Drafts of OpenAPI documents from what else there is: an SDK's package, a HAR file, the saved text of a vendor's page."""
