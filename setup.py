"""Package metadata; the build system and the tools' settings stand in ``pyproject.toml``.

``twisted.plugins`` is packed without an ``__init__.py``: Twisted finds plugin modules in any folder of that
name on its path, and a package file there would shadow Twisted's own.
"""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="openaiproxy",
    version="0.1.0",
    description="A streaming proxy between OpenAI or Anthropic clients and OpenAI",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license="MIT",
    license_files=["LICENSE"],
    entry_points={"console_scripts": ["openaiproxy = openaiproxy.cli.commands:main"]},
    python_requires=">=3.11",
    package_dir={"": "src", "twisted.plugins": "twisted/plugins"},
    packages=[*find_packages("src"), "twisted.plugins"],
    package_data={
        "openaiproxy": ["py.typed"],
        "openaiproxy.web.pages.status": ["*.html", "*.css", "*.js"],
    },
    install_requires=[
        "attrs>=24.1",
        # Python's own module from 3.14 on, with its bound on what one step may give.
        "backports.zstd>=1.0; python_version < '3.14'",
        # 1.2 is the first whose decompressor can be bounded.
        "brotli>=1.2",
        # Who parses HTTP by default; without it, --wire twisted still serves.
        "httptools>=0.6.4",
        "multipart>=1.2",
        "orjson>=3.10",
        "prometheus-client>=0.20",
        "python-dotenv>=1.0",
        "service-identity>=24.1",
        "treq>=26.7",
        "twisted[tls]>=26.10",
    ],
    extras_require={
        "test": [
            "anthropic>=0.60",
            "build",
            "h11",
            "httpx",
            "hypothesis",
            "jsonschema",
            "jsonschema-rs>=0.30",
            # Clients whose manners are tested, beside the vendors' own.
            "langchain-anthropic>=1.7",
            "langchain-openai>=1.7",
            "mypy",
            "mypy-zope",
            "openai>=2",
            # With a Chromium of the system's, it opens the status page.
            "playwright",
            "pytest>=8",
            "pytest-cov",
            "pytest-twisted>=1.14",
            "ruff",
        ],
    },
    classifiers=[
        "Framework :: Twisted",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
)
