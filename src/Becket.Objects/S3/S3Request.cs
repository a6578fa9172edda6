using System.Buffers;
using System.Net;
using System.Security.Cryptography;

namespace Becket.Objects.S3;

/// <summary>
/// One request before it is addressed and signed, which happens again for every attempt: region, clock and credentials
/// may have been corrected in between.
/// </summary>
internal readonly record struct S3Request(HttpMethod Method, S3Operation Operation)
{
    /// <summary>Null: the bucket itself.</summary>
    public string? Key { get; init; }

    public string? VersionId { get; init; }

    /// <summary>Of a request to the bucket itself; encoded, and sorted by name.</summary>
    public string BucketQuery { get; init; } = "";

    /// <summary>One part of an object that was uploaded in parts, from 1 on.</summary>
    public int? PartNumber { get; init; }

    public ObjectRange? Range { get; init; }

    public string? IfMatch { get; init; }

    public string? IfNoneMatch { get; init; }

    /// <summary>"ENABLED" asks for the checksums that the store keeps.</summary>
    public string? ChecksumMode { get; init; }

    public S3Body? Body { get; init; }

    /// <summary>Whether the request carries the customer's key: all that touch the bytes of an object do.</summary>
    public bool TouchesBytes => Key is not null && Operation is S3Operation.Read or S3Operation.Write;
}

/// <summary>
/// The body of a PUT and its SHA-256, computed once for all attempts. The caller keeps the memory until the PUT has ended.
/// </summary>
internal sealed class S3Body
{
    private readonly ReadOnlySequence<byte> _bytes;

    public S3Body(ReadOnlySequence<byte> bytes)
    {
        _bytes = bytes;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in bytes)
            hash.AppendData(segment.Span);
        Sha256 = Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>In lower-case hex, as signatures want it.</summary>
    public string Sha256 { get; }

    /// <summary>The body for one attempt.</summary>
    public HttpContent ToContent() => new SequenceContent(_bytes);

    private sealed class SequenceContent(ReadOnlySequence<byte> bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            foreach (var segment in bytes)
                await stream.WriteAsync(segment, cancellationToken);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
