namespace Becket.Blocks.Caching.Fetching;

/// <summary>How far away a store is and how much it delivers.</summary>
/// <param name="FirstByte">From the request to the first byte of the answer, on an uncrowded line.</param>
/// <param name="BytesPerSecond">What all connections carry together when they are busy.</param>
internal readonly record struct StorePace(TimeSpan FirstByte, double BytesPerSecond);
