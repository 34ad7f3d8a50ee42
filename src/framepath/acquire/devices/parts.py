"""The parts of a detector: groups of PVs under the names that ophyd users know.

ophyd's stock classes are used as tables only: their components (attribute name, PV suffix, type)
are taken over, their staging behaviour is not, because it cannot be told apart from ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ophyd import Component, Device, DynamicDeviceComponent, EpicsSignal, EpicsSignalRO
from ophyd.areadetector import plugins as stock
from ophyd.areadetector.base import EpicsSignalWithRBV
from ophyd.areadetector.cam import EigerDetectorCam, SimDetectorCam
from ophyd.signal import EpicsSignalBase

from framepath.errors import SettingsError

_STATE_FIELDS = ("ZR", "ON", "TW", "TH")
"""First letters of the mbbo fields that hold state strings 0 to 3 (epics-base mbboRecord.dbd)."""


def _lazy(signal: type, suffix: str, **keywords: Any) -> Component:
    return Component(signal, suffix, lazy=True, kind="omitted", **keywords)


def _components(stock_class: type[Device]) -> dict[str, Component]:
    """PVs of a stock class; what computes from other components belongs to its behaviour."""
    found = {name: getattr(stock_class, name) for name in stock_class.component_names}
    return {
        name: component
        for name, component in found.items()
        if isinstance(component, DynamicDeviceComponent)
        or (component.is_signal and issubclass(component.cls, EpicsSignalBase))
    }


def _state_strings() -> dict[str, Component]:
    """Signals for the state strings of FrameType and FrameType_RBV, read live as text.

    Clients cache the strings of an enum when they connect; the fields themselves are never stale.
    """
    return {
        f"frame_type{'_rbv' if pv.endswith('_RBV') else ''}_state_{state}": _lazy(
            EpicsSignal, f"{pv}.{letters}ST", string=True
        )
        for pv in ("FrameType", "FrameType_RBV")
        for state, letters in enumerate(_STATE_FIELDS)
    }


_ARRAY_PORT = {
    "nd_attributes_file": _lazy(EpicsSignal, "NDAttributesFile", string=True),
    "nd_attributes_status": _lazy(EpicsSignalRO, "NDAttributesStatus"),
    "nd_attributes_macros": _lazy(EpicsSignal, "NDAttributesMacros", string=True),
    "num_queued_arrays": _lazy(EpicsSignalRO, "NumQueuedArrays"),
}

_CAMERA_MORE = {
    **_ARRAY_PORT,
    **_state_strings(),
    "acquire_busy": _lazy(EpicsSignalRO, "AcquireBusy"),
    "wait_for_plugins": _lazy(EpicsSignal, "WaitForPlugins"),
    "serial_number": _lazy(EpicsSignalRO, "SerialNumber_RBV", string=True),
}

_HDF5_MORE = {
    **_ARRAY_PORT,
    "plugin_type": _lazy(EpicsSignalRO, "PluginType_RBV", string=True),
    "xml_error_msg": _lazy(EpicsSignalRO, "XMLErrorMsg_RBV", string=True),
    "write_message": _lazy(EpicsSignalRO, "WriteMessage", string=True),
    "framepath_mode": _lazy(EpicsSignalWithRBV, "FramepathMode"),
}

_PLUGIN_MORE = {
    "plugin_type": _lazy(EpicsSignalRO, "PluginType_RBV", string=True),
}

_EIGER_MORE = {
    **_CAMERA_MORE,
    "create_directory": _lazy(EpicsSignalWithRBV, "CreateDirectory"),
    "fw_name_pattern": _lazy(EpicsSignalWithRBV, "FWNamePattern", string=True),
    "save_files": _lazy(EpicsSignalWithRBV, "SaveFiles"),
    "status_message": _lazy(EpicsSignalRO, "StatusMessage_RBV", string=True),
    "write_message": _lazy(EpicsSignalRO, "WriteMessage", string=True),
    "fw_hdf5_format": _lazy(EpicsSignalWithRBV, "FWHDF5Format"),
    "bit_depth_image": _lazy(EpicsSignalRO, "BitDepthImage_RBV"),
    "data_source": _lazy(EpicsSignalWithRBV, "DataSource"),
}


@dataclass(frozen=True)
class PartTable:
    """One part of a detector as a table.

    Attributes
    ----------
    suffix
        What the part adds to the detector's prefix, e.g. ``cam1:``.
    stock_class
        ophyd class whose components are taken over.
    more
        Components added to, or put over, the stock ones.
    configuration
        Attributes recorded with every event descriptor.
    """

    suffix: str
    stock_class: type[Device]
    more: Mapping[str, Component] = field(default_factory=dict[str, Component])
    configuration: tuple[str, ...] = ()

    def device_class(self, name: str, without: Iterable[str] = ()) -> type[Device]:
        """A device class with these components except ``without``.

        Raises
        ------
        SettingsError
            ``without`` names a component that the part does not have.
        """
        components = {**_components(self.stock_class), **self.more}
        left_out = set(without)
        unknown = left_out - set(components)
        if unknown:
            raise SettingsError(
                f"the part {name} has no such components",
                found=", ".join(sorted(unknown)),
                expected=", ".join(sorted(components)),
                next_step=f"correct without={{'{name}': [...]}}",
            )
        kept = {n: c for n, c in components.items() if n not in left_out}
        configuration = [n for n in self.configuration if n in kept]
        defaults = {
            "__doc__": f"PVs of {self.suffix}, named as in ophyd's {self.stock_class.__name__}.",
            "_default_read_attrs": [],
            "_default_configuration_attrs": configuration,
            "lazy_wait_for_connection": False,
        }
        return type(f"{name.capitalize()}Part", (Device,), {**kept, **defaults})


_CAMERA_CONFIGURATION = (
    "acquire_time",
    "acquire_period",
    "image_mode",
    "trigger_mode",
    "manufacturer",
    "model",
)

SIM_CAMERA = PartTable("cam1:", SimDetectorCam, _CAMERA_MORE, _CAMERA_CONFIGURATION)
EIGER_CAMERA = PartTable(
    "cam1:",
    EigerDetectorCam,
    _EIGER_MORE,
    (*_CAMERA_CONFIGURATION, "photon_energy", "threshold_energy"),
)
HDF5_PLUGIN = PartTable("HDF1:", stock.HDF5Plugin_V34, _HDF5_MORE, ("compression",))
IMAGE_PLUGIN = PartTable("image1:", stock.ImagePlugin_V34, _PLUGIN_MORE)


def _plugin(suffix: str, stock_class: type[Device]) -> PartTable:
    return PartTable(suffix, stock_class, _PLUGIN_MORE)


MORE_PLUGINS = {
    "hdf1": HDF5_PLUGIN,
    "pva": _plugin("Pva1:", stock.PvaPlugin_V34),
    **{f"stats{n}": _plugin(f"Stats{n}:", stock.StatsPlugin_V34) for n in range(1, 6)},
    **{f"roi{n}": _plugin(f"ROI{n}:", stock.ROIPlugin_V34) for n in range(1, 5)},
    "proc1": _plugin("Proc1:", stock.ProcessPlugin_V34),
    "process1": _plugin("Proc1:", stock.ProcessPlugin_V34),
    "trans1": _plugin("Trans1:", stock.TransformPlugin_V34),
    "transform1": _plugin("Trans1:", stock.TransformPlugin_V34),
    "codec1": _plugin("Codec1:", stock.CodecPlugin_V34),
    "tiff1": _plugin("TIFF1:", stock.TIFFPlugin_V34),
    "jpeg1": _plugin("JPEG1:", stock.JPEGPlugin_V34),
    "cb1": _plugin("CB1:", stock.CircularBuffPlugin_V34),
}
"""Plugins that a detector may be given besides those of its kind, by attribute name.

``process1`` and ``transform1`` are apstools' names for ``proc1`` and ``trans1``.
"""
