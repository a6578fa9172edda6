using System.Security.Cryptography;
using System.Text;

namespace Becket.DevS3.Signing;

/// <summary>
/// The chain of signatures over the chunks of an <c>aws-chunked</c> body: each one signs its chunk and the signature
/// before, the first of which is the request's own. Chunks must be given in their order.
/// (Amazon S3 API Reference, "Signature Calculations ... Transferring Payload in Multiple Chunks".)
/// </summary>
internal sealed class ChunkSigner(byte[] key, SignatureClaim claim)
{
    private static readonly string HashOfNothing = SignatureV4.Hex(SHA256.HashData([]));
    private string _previous = claim.Signature;

    /// <summary>The signature that the next chunk must have.</summary>
    /// <param name="hash">SHA-256 of the chunk's data.</param>
    public string SignChunk(ReadOnlySpan<byte> hash) =>
        _previous = SignatureV4.Sign(key,
            $"AWS4-HMAC-SHA256-PAYLOAD\n{claim.Timestamp}\n{claim.Scope}\n{_previous}\n{HashOfNothing}\n{SignatureV4.Hex(hash)}");

    /// <summary>The signature that the trailing headers must have.</summary>
    /// <param name="trailer">Each as <c>name:value</c> and a line feed, in the order sent.</param>
    public string SignTrailer(string trailer) =>
        _previous = SignatureV4.Sign(key,
            $"AWS4-HMAC-SHA256-TRAILER\n{claim.Timestamp}\n{claim.Scope}\n{_previous}\n{HashOf(trailer)}");

    private static string HashOf(string text) => SignatureV4.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
