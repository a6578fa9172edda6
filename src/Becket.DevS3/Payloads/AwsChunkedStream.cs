using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;

namespace Becket.DevS3.Payloads;

/// <summary>
/// The data inside an <c>aws-chunked</c> body. Read it to its end: the signature of a chunk is verified after its last
/// byte was handed out, so what was read is only good once a read returned 0.
/// </summary>
/// <remarks>
/// <code>
/// size in hex [;chunk-signature=64 hex digits] CR LF
/// data CR LF
/// ... and so on; the last chunk has size 0 and no data line ...
/// [name:value CR LF ...]  [x-amz-trailer-signature:64 hex digits CR LF]
/// CR LF
/// </code>
/// (Amazon S3 API Reference, "Signature Calculations ... Including Trailing Headers".)
/// </remarks>
/// <param name="body">The body as it was sent; belongs to the caller.</param>
/// <param name="signer">Verifies the chunks; null where they are unsigned.</param>
internal sealed class AwsChunkedStream(Stream body, ChunkSigner? signer) : Stream
{
    private readonly BodyLineReader _body = new(body);
    private readonly IncrementalHash? _hash = signer is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, string> _trailers = new(StringComparer.OrdinalIgnoreCase);
    private string _signature = "";
    private long _left;
    private bool _ended;

    /// <summary>The headers after the last chunk; complete when a read has returned 0.</summary>
    public IReadOnlyDictionary<string, string> Trailers => _trailers;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended || buffer.IsEmpty)
            return 0;
        if (_left == 0 && !await StartChunkAsync(cancellationToken))
            return 0;

        int count = await _body.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        if (count == 0)
            throw S3Error.IncompleteBody.ToException();
        _hash?.AppendData(buffer.Span[..count]);
        _left -= count;
        if (_left == 0)
        {
            if (await _body.ReadLineAsync(cancellationToken) is not "")
                throw Malformed("a chunk is longer than its size says");
            VerifyChunk();
        }
        return count;
    }

    /// <summary>Reads the line before a chunk; false after the last one, when the trailers have been read too.</summary>
    private async ValueTask<bool> StartChunkAsync(CancellationToken cancellationToken)
    {
        string line = await _body.ReadLineAsync(cancellationToken) ?? throw S3Error.IncompleteBody.ToException();
        int semicolon = line.IndexOf(';');
        string size = semicolon < 0 ? line : line[..semicolon];
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left) || _left < 0)
            throw Malformed("a chunk does not start with its size in hexadecimal digits");

        if (signer is not null)
        {
            const string Prefix = "chunk-signature=";
            if (semicolon < 0 || !line.AsSpan(semicolon + 1).StartsWith(Prefix, StringComparison.Ordinal))
                throw S3Error.SignatureDoesNotMatch.Because("A chunk of the body carries no chunk-signature");
            _signature = line[(semicolon + 1 + Prefix.Length)..];
        }

        if (_left > 0)
            return true;
        VerifyChunk();
        await ReadTrailersAsync(cancellationToken);
        _ended = true;
        return false;
    }

    private async ValueTask ReadTrailersAsync(CancellationToken cancellationToken)
    {
        var signed = new StringBuilder();
        string? signature = null;
        // Some clients leave out the empty line at the very end.
        while (await _body.ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            int colon = line.IndexOf(':');
            if (colon <= 0)
                throw Malformed("a trailing header has no colon");
            string name = line[..colon].Trim().ToLowerInvariant();
            string value = line[(colon + 1)..].Trim();
            if (name == "x-amz-trailer-signature")
            {
                signature = value;
                continue;
            }
            _trailers[name] = value;
            signed.Append(name).Append(':').Append(value).Append('\n');
        }

        if (signer is not null && _trailers.Count > 0
            && (signature is null || !SignatureV4.AreEqual(signer.SignTrailer(signed.ToString()), signature)))
        {
            throw S3Error.SignatureDoesNotMatch.Because("The signature of the trailing headers does not match");
        }
    }

    private void VerifyChunk()
    {
        if (signer is null || _hash is null)
            return;
        if (!SignatureV4.AreEqual(signer.SignChunk(_hash.GetHashAndReset()), _signature))
            throw S3Error.SignatureDoesNotMatch.Because("The signature of a chunk of the body does not match");
    }

    private static S3Exception Malformed(string what) =>
        S3Error.InvalidRequest.Because($"The body is not aws-chunked as its headers say: {what}.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash?.Dispose();
        base.Dispose(disposing);
    }
}
