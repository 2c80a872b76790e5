"""Tests of openaiproxy.dialects."""
