"""Prediction over HTTP, with a page to drop pictures on. FastAPI and uvicorn are loaded when a model is served."""
