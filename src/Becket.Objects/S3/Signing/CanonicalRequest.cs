using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Becket.Objects.S3.Signing;

/// <summary>
/// A request in the one form that both sides hash: method, path, query, headers, names of the headers, hash of the
/// payload, each on its line (AWS Signature Version 4, "canonical request"). Path and query are already encoded and
/// the query is sorted; nothing is encoded a second time here, which is the rule of S3 alone among AWS's services.
/// </summary>
internal readonly ref struct CanonicalRequest
{
    /// <summary>SHA-256 of an empty body.</summary>
    public const string EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>Says that the body is not under the signature.</summary>
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    private const int StackLimit = 2048;

    public required string Method { get; init; }

    /// <summary>The path as it is sent, from its first slash.</summary>
    public required string Path { get; init; }

    /// <summary>The query as it is sent, without the question mark: <c>name=value</c> pairs sorted by name.</summary>
    public required string Query { get; init; }

    /// <summary>Sorted by name.</summary>
    public required ReadOnlySpan<SignedHeader> Headers { get; init; }

    /// <summary>SHA-256 of the body in lower-case hex, or <see cref="UnsignedPayload"/>.</summary>
    public required string PayloadHash { get; init; }

    /// <summary>Writes the SHA-256 of the canonical request.</summary>
    public void Hash(Span<byte> digest)
    {
        var most = MostBytes();
        byte[]? rented = null;
        var buffer = most <= StackLimit ? stackalloc byte[StackLimit] : rented = ArrayPool<byte>.Shared.Rent(most);
        try
        {
            SHA256.HashData(buffer[..Write(buffer)], digest);
        }
        finally
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented, clearArray: true); // it held a session token
        }
    }

    /// <summary>The canonical request as text; for tests and for comparing with the one a store reports.</summary>
    public override string ToString()
    {
        var buffer = new byte[MostBytes()];
        return Encoding.UTF8.GetString(buffer, 0, Write(buffer));
    }

    private int MostBytes()
    {
        var chars = Method.Length + Path.Length + Query.Length + PayloadHash.Length + 8;
        foreach (var header in Headers)
            chars += (2 * header.Name.Length) + header.Value.Length + 3;
        return Encoding.UTF8.GetMaxByteCount(chars);
    }

    private int Write(Span<byte> buffer)
    {
        var writer = new SpanWriter(buffer);
        writer.Append(Method);
        writer.Append('\n');
        writer.Append(Path);
        writer.Append('\n');
        writer.Append(Query);
        writer.Append('\n');
        foreach (var header in Headers)
        {
            writer.Append(header.Name);
            writer.Append(':');
            writer.Append(header.Value);
            writer.Append('\n');
        }

        writer.Append('\n');
        for (var i = 0; i < Headers.Length; i++)
        {
            if (i > 0)
                writer.Append(';');
            writer.Append(Headers[i].Name);
        }

        writer.Append('\n');
        writer.Append(PayloadHash);
        return writer.Length;
    }
}
