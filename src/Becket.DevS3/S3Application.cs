using System.Globalization;
using Becket.DevS3.Faults;
using Becket.DevS3.Operations;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Becket.DevS3;

/// <summary>
/// What happens with a request, from its first line to its last byte. Kestrel calls it for every request, from many threads;
/// it never throws.
/// </summary>
internal sealed partial class S3Application(
    RequestAuthenticator authenticator, FaultInjector faults, S3Operations operations, DevS3Counters counters, ILogger logger)
    : IHttpApplication<HttpContext>
{
    private long _lastRequest;

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        string id = Interlocked.Increment(ref _lastRequest).ToString("X16", CultureInfo.InvariantCulture);
        context.Response.Headers["x-amz-request-id"] = id;
        context.Response.Headers.Server = "becket-dev-s3";
        counters.Begin(context.Request.Method);
        string resource = "";
        try
        {
            S3Request request = S3Request.Parse(context);
            resource = request.Resource;
            FaultPlan plan = faults.PlanFor(request);
            if (!await faults.PrecedeAsync(plan, request))
                return;
            Caller caller = authenticator.Authenticate(request);
            await faults.PrepareAsync(plan, request);
            await operations.ExecuteAsync(request, caller);
            LogAnswer(logger, request.Method, resource, context.Response.StatusCode);
        }
        catch (S3Exception e)
        {
            LogRefusal(logger, context.Request.Method, resource, e.Error.Code, e.Message);
            await AnswerAsync(context, e, resource, id);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone, or a fault sent it away.
        }
        catch (Exception e)
        {
            LogFailure(logger, e, context.Request.Method, resource);
            await AnswerAsync(context, S3Error.InternalError.Because($"This endpoint failed: {e.Message}"), resource, id);
        }
        finally
        {
            counters.End();
        }
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private static async Task AnswerAsync(HttpContext context, S3Exception exception, string resource, string id)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        try
        {
            await S3Xml.SendErrorAsync(context, exception, resource, id);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // It did not wait for the answer.
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Resource}: {Status}")]
    private static partial void LogAnswer(ILogger logger, string method, string resource, int status);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Resource}: {Code}: {Reason}")]
    private static partial void LogRefusal(ILogger logger, string method, string resource, string code, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Resource} failed")]
    private static partial void LogFailure(ILogger logger, Exception exception, string method, string resource);
}
