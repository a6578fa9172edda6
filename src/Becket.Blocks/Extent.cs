namespace Becket.Blocks;

/// <summary>
/// What is known about a stretch of a device without reading it. The values are the bits of the NBD context
/// <c>base:allocation</c>, so that they go on the wire as they are.
/// </summary>
[Flags]
public enum ExtentKind
{
    /// <summary>Allocated, content unknown.</summary>
    Data = 0,

    /// <summary>Not allocated in the source.</summary>
    Hole = 1,

    /// <summary>Reads as zeroes.</summary>
    Zero = 2,
}

/// <summary>A stretch of a device whose blocks are all of one kind.</summary>
public readonly record struct Extent(ByteRange Range, ExtentKind Kind);
