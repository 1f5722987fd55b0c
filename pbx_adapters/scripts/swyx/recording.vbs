' Bereikbaar for Swyx: checks a PIN, and sends what was recorded. GPL-3.0-or-later.
' Paste into an Insert Script Code block of a VBScript rule, once; see docs/pbx/swyx.md.
' Reads BereikbaarPin and BereikbaarRecording; while the latter is empty it checks the PIN alone.
' Exits: 0 not saved, try again later; 1 the PIN is right, record; 2 saved; 3 wrong PIN;
' 4 too many wrong PINs; 5 inbox full; 6 recording unusable; 7 not set up: no PIN, or this token.
On Error Resume Next
UseExit = 0
Dim bbrFolder, bbrSchedule, bbrPin, bbrRecording, bbrHttp, bbrFiles, bbrStream, bbrLog, bbrWhy
Dim bbrDone, bbrStatusCode, bbrBody, bbrBytes, bbrVerb, bbrSeconds, bbrI, bbrExit, bbrPath, bbrSize
Dim bbrIsRight, bbrIsThere, bbrCodes, bbrExits
bbrFolder = "@@FOLDER@@"
bbrSchedule = "@@RECORDING_SCHEDULE@@"
If bbrSchedule = "" Then bbrSchedule = "@@SCHEDULE@@"
bbrWhy = ""
bbrExit = 0
bbrPin = ""
bbrPin = CStr(BereikbaarPin)
bbrRecording = ""
bbrRecording = CStr(BereikbaarRecording)
bbrVerb = "GET"
bbrSeconds = @@TIMEOUT_SECONDS@@
Err.Clear

bbrIsRight = Len(bbrPin) >= 1 And Len(bbrPin) <= 20
For bbrI = 1 To Len(bbrPin)
    If InStr("0123456789", Mid(bbrPin, bbrI, 1)) = 0 Then bbrIsRight = False
Next
If bbrSchedule = "" Then
    bbrExit = 7
    bbrWhy = "no schedule: give --schedule or recording_schedule"
ElseIf Not bbrIsRight Then
    bbrExit = 3
    bbrWhy = "no PIN was typed"
End If

Set bbrFiles = Nothing
Set bbrFiles = CreateObject("Scripting.FileSystemObject")
If bbrWhy = "" And bbrRecording <> "" Then
    bbrVerb = "POST"
    bbrSeconds = @@UPLOAD_SECONDS@@
    bbrSize = 0
    bbrPath = bbrRecording
    bbrIsThere = False
    bbrIsThere = bbrFiles.FileExists(bbrPath)
    If Not bbrIsThere And "@@RECORDINGS_FOLDER@@" <> "" Then bbrPath = "@@RECORDINGS_FOLDER@@/" & bbrRecording
    Set bbrStream = Nothing
    Set bbrStream = CreateObject("ADODB.Stream")
    If Not (bbrStream Is Nothing) Then
        Err.Clear
        bbrStream.Type = 1
        bbrStream.Open
        bbrStream.LoadFromFile bbrPath
        bbrSize = bbrStream.Size
        bbrBytes = bbrStream.Read
        bbrStream.Close
    End If
    If bbrSize = 0 Or bbrSize > 10485760 Then
        bbrExit = 6
        bbrWhy = "the recording can't be read"
    End If
    Err.Clear
End If

' Asks within the whole time-out; follows no redirect (option 6), gives no Windows password (policy 2).
Set bbrHttp = Nothing
Set bbrHttp = CreateObject("WinHttp.WinHttpRequest.5.1")
If bbrHttp Is Nothing Then
    bbrWhy = "no WinHttp.WinHttpRequest.5.1"
ElseIf bbrWhy = "" Then
    bbrStatusCode = 0
    bbrBody = ""
    Err.Clear
    bbrHttp.Open bbrVerb, "@@BASE_URL@@/recordings/" & bbrSchedule, True
    bbrHttp.Option(6) = False
    bbrHttp.SetAutoLogonPolicy 2
    bbrHttp.SetTimeouts @@TIMEOUT_MS@@, @@TIMEOUT_MS@@, bbrSeconds * 1000, bbrSeconds * 1000
    bbrHttp.SetRequestHeader "Authorization", "Bearer @@TOKEN@@"
    bbrHttp.SetRequestHeader "Bereikbaar-Pin", bbrPin
    bbrDone = False
    If Err.Number <> 0 Then
        bbrWhy = "no request: " & Err.Description
    Else
        If bbrVerb = "POST" Then
            bbrHttp.SetRequestHeader "Content-Type", "audio/wav"
            bbrHttp.Send bbrBytes
        Else
            bbrHttp.Send
        End If
        bbrDone = bbrHttp.WaitForResponse(bbrSeconds)
        If bbrDone Then
            bbrStatusCode = bbrHttp.Status
            bbrBody = bbrHttp.ResponseText
        Else
            bbrHttp.Abort
        End If
        bbrWhy = "HTTP " & bbrStatusCode
        If bbrStatusCode = 204 And bbrVerb = "GET" Then
            bbrExit = 1
            bbrWhy = ""
        ElseIf bbrStatusCode = 201 And bbrVerb = "POST" Then
            bbrExit = 2
            bbrWhy = ""
        ElseIf bbrStatusCode >= 400 And Len(bbrBody) <= 65536 Then
            bbrCodes = Array("wrong-pin", "too-many-attempts", "inbox-full", "bad-recording", "too-large", "no-pin", "forbidden", "unauthorized")
            bbrExits = Array(3, 4, 5, 6, 6, 7, 7, 7)
            For bbrI = 0 To 7
                If InStr(bbrBody, """" & bbrCodes(bbrI) & """") > 0 Then
                    bbrExit = bbrExits(bbrI)
                    bbrWhy = bbrWhy & " " & bbrCodes(bbrI)
                End If
            Next
        End If
    End If
End If
UseExit = bbrExit

' Logs what went otherwise than it should.
If bbrWhy <> "" And Not (bbrFiles Is Nothing) Then
    PBXScript.OutputTrace "Bereikbaar: recording: " & bbrWhy
    bbrPath = bbrFolder & "/bereikbaar.log"
    bbrSize = 0
    bbrSize = bbrFiles.GetFile(bbrPath).Size
    Set bbrLog = Nothing
    If bbrSize > 1048576 Then
        Set bbrLog = bbrFiles.OpenTextFile(bbrPath, 2, True)
    Else
        Set bbrLog = bbrFiles.OpenTextFile(bbrPath, 8, True)
    End If
    bbrLog.WriteLine Now & " recording: " & bbrWhy
    bbrLog.Close
End If
Set bbrLog = Nothing
Set bbrStream = Nothing
Set bbrFiles = Nothing
Set bbrHttp = Nothing
Err.Clear
On Error GoTo 0
