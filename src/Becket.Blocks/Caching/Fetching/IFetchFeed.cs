namespace Becket.Blocks.Caching.Fetching;

/// <summary>
/// Fetches that nobody asked for yet, one at a time, for when connections would idle: they come behind everything else. Called
/// under the cache's lock.
/// </summary>
internal interface IFetchFeed
{
    /// <summary>The next range to fetch, all of it absent; null where there is none left.</summary>
    ByteRange? Next(IFetchTarget target);
}
