using System.Globalization;
using System.IO.Pipelines;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Becket.DevS3.Storage;
using Microsoft.AspNetCore.Http;

namespace Becket.DevS3.Operations;

/// <summary>GetObject and HeadObject. The file is opened once, so what is sent is one version of the object or breaks off.</summary>
internal sealed class ObjectReads(ObjectFiles objects, DevS3Counters counters)
{
    private const int PieceSize = 256 << 10;

    public async Task GetAsync(S3Request request, Caller caller)
    {
        using OpenObject open = objects.Open(request.Bucket, request.Key);
        if (Answer(request, open.Object, caller) is { } range)
            await SendAsync(request.Http.Response, open, range.Offset, range.Length, request.Aborted);
    }

    public Task HeadAsync(S3Request request, Caller caller)
    {
        StoredObject stored = objects.Find(request.Bucket, request.Key) ?? throw S3Error.NoSuchKey.ToException();
        _ = Answer(request, stored, caller);
        return Task.CompletedTask;
    }

    /// <summary>Sets status and headers; returns what is to be sent, null for nothing.</summary>
    private static (long Offset, long Length)? Answer(S3Request request, StoredObject stored, Caller caller)
    {
        HttpResponse response = request.Http.Response;
        switch (ReadConditions.Judge(request, "", stored))
        {
            case ReadVerdict.Failed:
                throw S3Error.PreconditionFailed.ToException();
            case ReadVerdict.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                response.Headers.ETag = stored.ETag;
                response.Headers.LastModified = stored.LastModified.ToString("r", CultureInfo.InvariantCulture);
                return null;
        }

        RangeRequest? asked = ReadConditions.AllowRange(request, stored) ? RangeRequest.Parse(request.Header("Range")) : null;
        (long Offset, long Length) range = (0, stored.Size);
        if (asked is { } some)
            range = some.Resolve(stored.Size) ?? throw OutOfRange(request, stored.Size);
        bool isPart = asked is null && request.Query["partNumber"] is not null;
        if (isPart)
            range = PartOf(request, stored);

        ObjectHeaders.Describe(response, stored);
        if (!caller.IsAnonymous)
            ObjectHeaders.Override(request);
        if (asked is null && !isPart)
        {
            ObjectHeaders.AddChecksum(request, stored);
        }
        else
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(
                CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{stored.Size}");
        }
        response.ContentLength = range.Length;
        return range;
    }

    /// <summary>
    /// Where a part of a multipart upload lies (GetObject, <c>partNumber</c>); what was put at once is one part, and says no
    /// number of parts.
    /// </summary>
    private static (long Offset, long Length) PartOf(S3Request request, StoredObject stored)
    {
        int number = QueryNumber.Of(request, "partNumber", 0, int.MaxValue);
        List<long> sizes = stored.Attributes.PartSizes;
        if (number < 1 || number > Math.Max(1, sizes.Count))
            throw OutOfRange(request, stored.Size);
        if (sizes.Count == 0)
            return (0, stored.Size);
        request.Http.Response.Headers["x-amz-mp-parts-count"] = sizes.Count.ToString(CultureInfo.InvariantCulture);
        return (sizes.Take(number - 1).Sum(), sizes[number - 1]);
    }

    private async Task SendAsync(HttpResponse response, OpenObject open, long offset, long length, CancellationToken cancellationToken)
    {
        // Read straight into the memory that Kestrel sends from.
        PipeWriter writer = response.BodyWriter;
        while (length > 0)
        {
            int wanted = (int)Math.Min(length, PieceSize);
            Memory<byte> memory = writer.GetMemory(wanted)[..wanted];
            int count = RandomAccess.Read(open.Handle, memory.Span, offset);
            offset += count;
            length -= count;
            if (count == 0 || (length == 0 && open.WasChanged))
            {
                // The last piece is withheld: the client must not take a mixture of two versions for the object.
                response.HttpContext.Abort();
                return;
            }

            writer.Advance(count);
            counters.AddBytesSent(count);
            FlushResult flushed = await writer.FlushAsync(cancellationToken);
            if (flushed.IsCompleted)
                return;
        }
    }

    private static S3Exception OutOfRange(S3Request request, long size)
    {
        string actual = size.ToString(CultureInfo.InvariantCulture);
        return S3Error.InvalidRange.ToException()
            .With("RangeRequested", request.Header("Range") ?? "")
            .With("ActualObjectSize", actual)
            .WithHeader("Content-Range", $"bytes */{actual}");
    }
}
