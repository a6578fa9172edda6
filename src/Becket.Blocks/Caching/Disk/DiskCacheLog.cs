using Microsoft.Extensions.Logging;

namespace Becket.Blocks.Caching.Disk;

/// <summary>What the disk cache tells its operator.</summary>
internal static partial class DiskCacheLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk cache is off until the next start, reads go on without it: {Reason}")]
    public static partial void TurnedOff(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Identity} is not cached on disk: {Reason}")]
    public static partial void NotOpened(ILogger logger, string identity, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Folder} was deleted while in use; nothing is cached in it until its object is opened again")]
    public static partial void FilesDeleted(ILogger logger, string folder);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The disk cache has a damaged block of {Identity} at {Offset} in {Folder}, it is fetched again; {Count} so far")]
    public static partial void Damaged(ILogger logger, string identity, long offset, string folder, long count);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Evicted {Pieces} pieces from {Folder}, whose limit is {Limit} bytes")]
    public static partial void Evicted(ILogger logger, long pieces, string folder, long limit);
}
