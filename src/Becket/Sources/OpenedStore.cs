using Becket.Objects;

namespace Becket.Sources;

/// <summary>The layers of an opened store that have something to tell. They belong to its device.</summary>
internal sealed record OpenedStore(MeteredObjectStore Metered, HedgingObjectStore Hedging);
