using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.DevS3;

/// <summary>How a <see cref="DevS3Server"/> is set up. The folder must exist and be writable.</summary>
public sealed record DevS3Options
{
    /// <summary>The folder whose sub-folders are the buckets. Those whose names start with a dot are not.</summary>
    public required string Folder { get; init; }

    /// <summary>The TCP port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Null: the server makes one up.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Null: the server makes one up.</summary>
    public string? SecretKey { get; init; }

    /// <summary>The session token that requests must carry, as temporary credentials do; null: none.</summary>
    public string? SessionToken { get; init; }

    /// <summary>The only region that signatures may name, as on AWS; null: any will do, and the server calls itself us-east-1.</summary>
    public string? Region { get; init; }

    /// <summary>Whether GET and HEAD need no signature, as in a public bucket.</summary>
    public bool AllowAnonymousReads { get; init; }

    /// <summary>The least size in bytes of every part of a multipart upload but the last; S3's own is 5 MiB.</summary>
    public long MinimumPartSize { get; init; } = 5L << 20;

    /// <summary>What goes wrong, and when; may be changed while the server runs. Null: nothing does.</summary>
    public DevS3Faults? Faults { get; init; }

    /// <summary>The clock that signatures are judged by and delays are taken from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
