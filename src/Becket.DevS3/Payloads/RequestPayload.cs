using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Payloads;

/// <summary>What was received: how much, and the digests that were taken on the way.</summary>
/// <param name="Length">Bytes, without any framing.</param>
/// <param name="Md5">16 bytes.</param>
/// <param name="ChecksumHeader">The <c>x-amz-checksum-*</c> header that was given and held; null for none.</param>
internal sealed record ReceivedPayload(long Length, byte[] Md5, KeyValuePair<string, string>? ChecksumHeader);

/// <summary>
/// The body of a request, taken out of its framing and checked against everything the client said of it: length, MD5,
/// SHA-256, chunk signatures and checksum. Received once.
/// </summary>
internal sealed class RequestPayload(S3Request request, Caller caller)
{
    private const int BufferSize = 256 << 10;

    /// <summary>Copies the body to <paramref name="destination"/>. What was copied is only good when this has returned.</summary>
    /// <exception cref="S3Exception">The body is not what the headers say.</exception>
    public async Task<ReceivedPayload> ReceiveAsync(Stream destination, ChecksumOf checksumOf, CancellationToken cancellationToken)
    {
        PayloadForm form = PayloadForm.Of(request);
        long expected = ExpectedLength(form);
        byte[]? expectedMd5 = ExpectedMd5();
        using AwsChunkedStream? chunks = form.IsChunked
            ? new AwsChunkedStream(request.Http.Request.Body, form.IsSigned ? caller.StartChunks() : null)
            : null;
        string? checksumName = checksumOf == ChecksumOf.Body ? ChecksumName() : null;
        using Checksum? checksum = checksumName is null ? null : Checksum.Start(checksumName[Checksum.HeaderPrefix.Length..]);
        // MD5 guards nothing here: it is what an ETag of S3 is.
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = form.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        long length = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            Stream source = chunks ?? request.Http.Request.Body;
            while (await ReadAsync(source, buffer, cancellationToken) is int count and > 0)
            {
                length += count;
                if (length > expected)
                    break;
                md5.AppendData(buffer, 0, count);
                sha256?.AppendData(buffer, 0, count);
                checksum?.Append(buffer.AsSpan(0, count));
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (length != expected)
            throw S3Error.IncompleteBody.ToException();
        byte[] bodyMd5 = md5.GetHashAndReset();
        if (expectedMd5 is not null && !bodyMd5.AsSpan().SequenceEqual(expectedMd5))
            throw S3Error.BadDigest.Because("The Content-MD5 you specified did not match what we received.");
        if (sha256 is not null && !SignatureV4.Hex(sha256.GetHashAndReset()).Equals(form.Sha256, StringComparison.OrdinalIgnoreCase))
            throw S3Error.ContentSha256Mismatch.ToException();

        return new ReceivedPayload(length, bodyMd5, checksum is null ? null : VerifyChecksum(checksumName!, checksum, chunks));
    }

    private static async ValueTask<int> ReadAsync(Stream source, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken);
        }
        catch (BadHttpRequestException e)
        {
            throw S3Error.IncompleteBody.Because($"The body could not be read: {e.Message}");
        }
    }

    private long ExpectedLength(PayloadForm form)
    {
        if (!form.IsChunked)
            return request.Http.Request.ContentLength ?? throw S3Error.MissingContentLength.ToException();
        string? decoded = request.Header("x-amz-decoded-content-length");
        return long.TryParse(decoded, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
            ? length
            : throw S3Error.MissingContentLength.Because("An aws-chunked body needs the header x-amz-decoded-content-length");
    }

    private byte[]? ExpectedMd5()
    {
        if (request.Header("Content-MD5") is not { } header)
            return null;
        byte[] md5 = new byte[16];
        bool valid = Convert.TryFromBase64String(header, md5, out int length) && length == md5.Length;
        return valid ? md5 : throw S3Error.InvalidDigest.ToException();
    }

    /// <summary>The one checksum header that the request has or announces in its trailer.</summary>
    private string? ChecksumName()
    {
        var names = request.Http.Request.Headers.Keys
            .Concat((request.Header("x-amz-trailer") ?? "").Split(',', StringSplitOptions.TrimEntries))
            .Where(name => name.StartsWith(Checksum.HeaderPrefix, StringComparison.OrdinalIgnoreCase)
                && !name.EndsWith("-type", StringComparison.OrdinalIgnoreCase)
                && !name.EndsWith("-algorithm", StringComparison.OrdinalIgnoreCase)
                && !name.EndsWith("-mode", StringComparison.OrdinalIgnoreCase))
            .Select(name => name.ToLowerInvariant())
            .ToList();
        if (names.Count > 1)
            throw S3Error.InvalidRequest.Because("Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.");
        if (names is not [var only])
            return null;
        using Checksum? known = Checksum.Start(only[Checksum.HeaderPrefix.Length..]);
        return known is null ? throw S3Error.InvalidRequest.Because($"The header {only} names no checksum that is known here.") : only;
    }

    private KeyValuePair<string, string> VerifyChecksum(string name, Checksum checksum, AwsChunkedStream? chunks)
    {
        string? given = chunks?.Trailers.GetValueOrDefault(name) ?? request.Header(name);
        string computed = Convert.ToBase64String(checksum.Finish());
        if (given is null)
            throw S3Error.InvalidRequest.Because($"The trailer {name} was announced and did not come.");
        if (given != computed)
            throw S3Error.BadDigest.Because($"The {name} you specified did not match the calculated checksum.");
        return new(name, computed);
    }
}

/// <summary>What the <c>x-amz-checksum-*</c> header of a request speaks of.</summary>
internal enum ChecksumOf
{
    /// <summary>The body of this request.</summary>
    Body,

    /// <summary>The object that the request puts together out of other bytes; the body is not meant.</summary>
    Object,
}
