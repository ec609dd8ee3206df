"""The use cases of officers: the only place that joins the rooms. Free of Flask and of click."""
