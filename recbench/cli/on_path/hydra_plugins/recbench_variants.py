"""Hydra's search path, with the `conf` folders of installed plugins: see `recbench.config.variants`."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class PluginVariants(SearchPathPlugin):
    """Adds the folders after recbench's own, so that no plugin can override one of its files."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folders."""
        from recbench.config.variants import plugin_dirs

        for distribution, folder in plugin_dirs().items():
            search_path.append(provider=distribution, path=f"file://{folder}")
