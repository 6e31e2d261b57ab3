"""Renderers: a result is drawn, tabulated, or put into words. Nothing is computed here."""
