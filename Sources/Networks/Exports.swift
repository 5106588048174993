// Who uses this module writes in the terms of the one below it.
@_exported import Autodiff
