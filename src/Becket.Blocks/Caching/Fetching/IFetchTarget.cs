namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// What the planner sees of the cache, and what it asks of it. Called under the cache's lock only; nothing in it waits.
/// </summary>
internal interface IFetchTarget
{
    /// <summary>The blocks of a piece that are neither here (in memory, on disk, known to be zero) nor on their way.</summary>
    uint AbsentBlocks(long piece);

    /// <summary>Notes that a piece was asked for; true the first time since it was last brought in.</summary>
    bool Touch(long piece);

    /// <summary>
    /// Has one GET fetch a range, whose blocks are all absent; it starts on a block and ends on one or with the device. The
    /// blocks are on their way as soon as this returns.
    /// </summary>
    void Fetch(ByteRange range, FetchPriority priority);
}

/// <summary>Whether somebody waits for the bytes.</summary>
internal enum FetchPriority
{
    Demand,
    Background,
}
