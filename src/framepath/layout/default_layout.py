"""The layout of a file when none is given (rule 9)."""

DEFAULT_ORIGIN = "built-in default layout"

DEFAULT_LAYOUT = """<?xml version="1.0" encoding="UTF-8"?>
<hdf5_layout>
  <group name="entry">
    <attribute name="NX_class" source="constant" type="string" value="NXentry"/>
    <group name="instrument">
      <attribute name="NX_class" source="constant" type="string" value="NXinstrument"/>
      <group name="detector">
        <attribute name="NX_class" source="constant" type="string" value="NXdetector"/>
        <dataset name="data" source="detector" det_default="true">
          <attribute name="signal" source="constant" type="int" value="1"/>
        </dataset>
        <group name="NDAttributes">
          <attribute name="NX_class" source="constant" type="string" value="NXcollection"/>
          <dataset name="ColorMode" source="ndattribute" ndattribute="ColorMode"/>
        </group>
      </group>
      <group name="NDAttributes" ndattr_default="true">
        <attribute name="NX_class" source="constant" type="string" value="NXcollection"/>
      </group>
      <group name="performance">
        <dataset name="timestamp"/>
      </group>
    </group>
    <group name="data">
      <attribute name="NX_class" source="constant" type="string" value="NXdata"/>
      <hardlink name="data" target="/entry/instrument/detector/data"/>
    </group>
  </group>
</hdf5_layout>
"""
"""Routing is off: it has one detector dataset."""
