namespace Becket.Objects.S3;

/// <summary>Where a bucket's name goes in a URL.</summary>
public enum S3Addressing
{
    /// <summary>
    /// <see cref="Path"/> for an endpoint that was given and for names that do not fit in a host name;
    /// <see cref="VirtualHost"/> for AWS.
    /// </summary>
    Auto,

    /// <summary><c>https://endpoint/bucket/key</c>.</summary>
    Path,

    /// <summary><c>https://bucket.endpoint/key</c>.</summary>
    VirtualHost,
}

/// <summary>Which bucket, where it is and how to ask for it.</summary>
public sealed record S3Options
{
    public required string Bucket { get; init; }

    /// <summary>The store's URL, with a port and a path where it has them; null for AWS.</summary>
    public Uri? EndpointUrl { get; init; }

    /// <summary>The region to begin with. Null: <c>us-east-1</c>. A store that answers with another one is believed.</summary>
    public string? Region { get; init; }

    public S3Addressing Addressing { get; init; }

    /// <summary>Whether the requester accepts to pay for requests and transfer, where the bucket demands it.</summary>
    public bool RequesterPays { get; init; }

    /// <summary>The key of objects encrypted with a key of the customer's (SSE-C).</summary>
    public S3CustomerKey? CustomerKey { get; init; }
}
