"""The steps of a request, one file each; `mockserver/mock.py` says their order. Steps never import each other."""
