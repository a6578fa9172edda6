namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Fetches that nobody asked for yet, one at a time, for when connections would idle: they come behind everything else. Called
/// under the cache's lock.
/// </summary>
internal interface IFetchFeed
{
    /// <summary>The next range to fetch, all of it absent; null where there is none, until one is returned.</summary>
    ByteRange? Next(IFetchTarget target);

    /// <summary>Is told of a range that the store failed to bring, and could bring another time; not all of it need be absent.</summary>
    void Return(ByteRange range);
}
