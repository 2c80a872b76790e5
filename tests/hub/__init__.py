"""Tests of openaiproxy.hub."""
