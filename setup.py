"""Hand the metadata in settings.ini to setuptools."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
STATUS = ["1 - Planning", "2 - Pre-Alpha", "3 - Alpha", "4 - Beta", "5 - Production/Stable"]

parser = ConfigParser(delimiters=["="])
parser.read(ROOT / "settings.ini", encoding="utf-8")
settings = parser["DEFAULT"]
package = settings["lib_path"]
extra = "_requirements"
extras = [key for key in settings if key.endswith(extra)]
here, branch = settings["git_url"], settings["branch"]


def absolute(text):
    """Return Markdown whose relative links lead to the repository: on the page of an index they would lead nowhere."""
    text = re.sub(r"(?<=\]\()(?![\w+.-]+:|[#/])(?=[^)\s]+\.(?:png|svg|gif)\))", f"{here}/raw/{branch}/", text)
    return re.sub(r"(?<=\]\()(?![\w+.-]+:|[#/])(?=[^)\s])", f"{here}/blob/{branch}/", text)


setup(
    name=settings["lib_name"],
    version=settings["version"],
    description=settings["description"],
    long_description=absolute((ROOT / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
    keywords=settings["keywords"],
    author=settings["author"],
    author_email=settings["author_email"],
    url=settings["doc_host"] + settings["doc_baseurl"],
    project_urls={
        "Documentation": settings["doc_host"] + settings["doc_baseurl"],
        "Source": here,
        "Changelog": f"{here}/blob/{branch}/CHANGELOG.md",
        "Issues": f"{here}/issues",
    },
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        f"Development Status :: {STATUS[int(settings['status']) - 1]}",
        f"Intended Audience :: {settings['audience']}",
        f"Natural Language :: {settings['language']}",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        *(f"Programming Language :: Python :: {minor}" for minor in settings["pythons"].split()),
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Mathematics",
        "Typing :: Typed",
    ],
    packages=find_packages(include=[package, f"{package}.*"]),
    package_data={package: ["py.typed"], f"{package}.explorers": ["*.js", "*.csv"]},
    python_requires=f">={settings['min_python']}",
    install_requires=settings["requirements"].split(),
    extras_require={key.removesuffix(extra): settings[key].split() for key in extras},
    entry_points={
        "console_scripts": settings["console_scripts"].split(),
        "nbdev": [f"{package}={package}._modidx:d"],
    },
)
