using System.Globalization;
using System.Net;

namespace Becket.Objects.Http;

/// <summary>
/// The check of every answer to a ranged GET: these bytes, all of them, of this object, or an exception. Nothing that
/// fails the check is ever handed on as data (README, invariants 1 and 2).
/// </summary>
public static class RangeAnswer
{
    /// <summary>
    /// Opens the body of an answer 206 as a stream of exactly <see cref="ObjectRange.Length"/> bytes. Takes over
    /// <paramref name="response"/>: the stream disposes it, and so does a failure.
    /// </summary>
    /// <param name="response">The answer, its body not yet read. Every refusal (4xx but 412 and 416, 5xx) is the caller's to read.</param>
    /// <param name="objectName">The object's name in messages; no secrets.</param>
    /// <param name="pin">What was opened. Where it has an ETag the answer must carry the same one.</param>
    /// <param name="range">What was asked for.</param>
    /// <param name="cancellationToken">Ends the wait for the body's start.</param>
    /// <exception cref="ObjectStoreException">
    /// <see cref="ObjectStoreError.Changed"/>: a 412, another ETag, or a range that the object no longer has.
    /// <see cref="ObjectStoreError.BadAnswer"/>: a 200, another range, an encoded or multipart body.
    /// From the stream: <see cref="ObjectStoreError.Unavailable"/> when the body ends early, <see cref="ObjectStoreError.BadAnswer"/>
    /// when it goes on after the last byte. All but 412 and 416, which a server means, may be another one's mistake
    /// (<see cref="ObjectStoreException.IsDoubtful"/>).
    /// </exception>
    public static async ValueTask<Stream> OpenAsync(
        HttpResponseMessage response, string objectName, ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        try
        {
            Check(response, objectName, pin, range);
            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return new RangeBody(response, body, objectName, range);
        }
        catch (Exception e)
        {
            response.Dispose();
            if (TransportFailure.Is(e, cancellationToken))
                throw TransportFailure.From(e, objectName);
            throw;
        }
    }

    private static void Check(HttpResponseMessage response, string objectName, ObjectPin pin, ObjectRange range)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent:
                break;
            case HttpStatusCode.OK:
                throw Bad(objectName, range, "the server ignored the range and sent the whole object; it does not support ranged requests");
            case HttpStatusCode.PreconditionFailed:
                throw Replaced(objectName);
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw ContentRange.Of(response) is { Total: { } total } && total <= range.Last
                    ? new ObjectStoreException(ObjectStoreError.Changed, Shorter(objectName, range, total))
                    : Bad(objectName, range, "the server says that the object does not have this range (416)");
            default:
                throw Bad(objectName, range, Invariant($"the server answered {(int)response.StatusCode}, not 206"));
        }

        CheckIdentity(response, objectName, pin, range);
        CheckRange(response, objectName, range);
        CheckForm(response, objectName, range);
    }

    private static void CheckIdentity(HttpResponseMessage response, string objectName, ObjectPin pin, ObjectRange range)
    {
        if (pin.ETag is not { } pinned)
            return;
        // Without an ETag in the answer nobody can tell whether If-Match was honoured or ignored.
        if (EntityTag.Of(response) is not { } answered)
            throw Bad(objectName, range, "the server left out the ETag that it gave when the object was opened");
        // A 206 though the condition does not hold: a store that knows no conditions, or not this object's answer.
        if (!EntityTag.IsSame(pinned, answered))
            throw Other(ReplacedOrDeleted(objectName));
    }

    private static void CheckRange(HttpResponseMessage response, string objectName, ObjectRange range)
    {
        if (ContentRange.Of(response) is not { Range: { } sent } header)
            throw Bad(objectName, range, "the answer has no proper Content-Range");
        if (header.Total is { } total && total <= range.Last)
            throw Other(Shorter(objectName, range, total));
        if (sent != range)
            throw Bad(objectName, range, Invariant($"the server sent bytes {sent.Offset}-{sent.Last} instead"));
        if (response.Content.Headers.ContentLength is { } length && length != range.Length)
            throw Bad(objectName, range, Invariant($"the server announced {length} bytes instead of {range.Length}"));
    }

    private static void CheckForm(HttpResponseMessage response, string objectName, ObjectRange range)
    {
        var headers = response.Content.Headers.NonValidated;
        // aws-chunked is no encoding of the bytes: some stores keep the word from the upload's headers.
        if (headers.TryGetValues("Content-Encoding", out var encoding)
            && encoding.ToString().ToLowerInvariant() is not ("" or "identity" or "aws-chunked"))
        {
            throw Bad(objectName, range, "the server sent the body encoded (Content-Encoding), so its bytes are not the object's");
        }
        if (headers.TryGetValues("Content-Type", out var type)
            && type.ToString().StartsWith("multipart/byteranges", StringComparison.OrdinalIgnoreCase))
        {
            throw Bad(objectName, range, "the server sent multipart/byteranges for a single range");
        }
    }

    internal static ObjectStoreException Replaced(string objectName) => new(ObjectStoreError.Changed, ReplacedOrDeleted(objectName));

    internal static ObjectStoreException Bad(string objectName, ObjectRange range, string reason) =>
        new(ObjectStoreError.BadAnswer, $"{objectName}, {range}: {reason}") { IsDoubtful = true };

    private static ObjectStoreException Other(string reason) => new(ObjectStoreError.Changed, reason) { IsDoubtful = true };

    private static string ReplacedOrDeleted(string objectName) =>
        $"{objectName} was replaced or deleted since it was opened; open it again to read the new one";

    private static string Shorter(string objectName, ObjectRange range, long total) =>
        Invariant($"{objectName} has {total} bytes, so {range} is beyond its end; it was replaced since it was opened; open it again");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
