"""The engine runs Brian2: device, random streams, tasks at chosen steps, C++ programs."""
